import { createInstance, Identify } from '@amplitude/analytics-node'

import { BROWSER, CURRENCY, EMAIL, LAMP, ORDER, PERSON, run, TOTAL } from './driver.js'

await run(async ({ gateway, key, delivered }) => {
  const amplitude = createInstance()
  await amplitude.init(key, { serverUrl: gateway + '/2/httpapi', flushIntervalMillis: 50 }).promise
  const report = async ({ promise }) => {
    const { code, event, message } = await promise
    if (code !== 200) throw new Error(`${code} ${message}`)
    delivered(event.event_type, event.insert_id)
  }
  const visitor = { device_id: BROWSER }
  await Promise.all([
    report(amplitude.track('Page View', {}, visitor)),
    report(amplitude.track('Product Viewed', LAMP, visitor)),
    report(amplitude.track('Product Added', LAMP, visitor)),
    report(amplitude.track('Order Completed', { order_id: ORDER, value: TOTAL, currency: CURRENCY, products: [LAMP] }, visitor)),
    report(amplitude.identify(new Identify().set('email', EMAIL), { user_id: PERSON })),
  ])
})
