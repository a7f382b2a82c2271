// What every program in this folder is: one visit by a server SDK per source of a site, and a report on the last line.
// May not: know an SDK. Warnings go to stderr, where the test wants silence; a promise that fails ends the process.

export const CURRENCY = 'EUR'
export const ORDER = 'O-1'
export const EMAIL = 'jane.doe@example.com'
export const PERSON = 'user-4711'
export const BROWSER = 'anonymous-1'
export const LAMP = { product_id: 'SKU-1', name: 'Stehlampe „Ærø“ 東京', category: 'lamps', price: 129.9, quantity: 2, currency: CURRENCY }
export const TOTAL = LAMP.price * LAMP.quantity
export const PAGE = { url: 'http://www.shop.example/lamps?utm_source=news&email=' + EMAIL, title: 'Lamps', referrer: 'http://www.example.net/' }

/** visit({gateway, key, delivered}) for each key; delivered(name, id) is called where the SDK itself reports success. */
export const run = async (visit) => {
  const { gateway, keys } = JSON.parse(process.argv[2])
  const sent = {}
  for (const [policy, key] of Object.entries(keys)) {
    sent[policy] = []
    await visit({ gateway, key, delivered: (name, id = '') => sent[policy].push({ name, id }) })
  }
  process.stdout.write(JSON.stringify(sent) + '\n')
}
