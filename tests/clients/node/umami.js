import { Umami } from '@umami/node'

import { CURRENCY, EMAIL, LAMP, ORDER, PAGE, run, TOTAL } from './driver.js'

await run(async ({ gateway, key, delivered }) => {
  const umami = new Umami({ websiteId: key, hostUrl: gateway })
  const report = async (name, sending) => {
    const answer = await sending
    const said = await answer.json()
    if (!answer.ok || !said.cache || said.beep) throw new Error(`${answer.status} ${JSON.stringify(said)}`)
    delivered(name)
  }
  const page = { hostname: 'www.shop.example', url: PAGE.url, title: PAGE.title, referrer: PAGE.referrer, language: 'de-DE' }
  await report('page view', umami.track(page))
  await report('Product Viewed', umami.track('Product Viewed', LAMP))
  await report('Product Added', umami.track({ ...page, name: 'Product Added', data: LAMP }))
  await report('Order Completed', umami.track('Order Completed', { order_id: ORDER, value: TOTAL, currency: CURRENCY }))
  await report('identify', umami.identify({ email: EMAIL }))
})
