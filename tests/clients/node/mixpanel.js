import Mixpanel from 'mixpanel'

import { BROWSER, CURRENCY, EMAIL, LAMP, ORDER, PAGE, PERSON, run, TOTAL } from './driver.js'

await run(async ({ gateway, key, delivered }) => {
  const mixpanel = Mixpanel.init(key, { host: gateway.split('//')[1], protocol: 'http' })
  const report = (name, call) =>
    new Promise((wake, fail) => call((error) => (error ? fail(error) : wake(delivered(name)))))
  const track = (name, properties) =>
    report(name, (done) => mixpanel.track(name, { distinct_id: BROWSER, $current_url: PAGE.url, ...properties }, done))
  await track('Page View', {})
  await track('Product Viewed', LAMP)
  await track('Product Added', LAMP)
  await track('Order Completed', { order_id: ORDER, value: TOTAL, currency: CURRENCY, products: [LAMP] })
  await report('$set', (done) => mixpanel.people.set(PERSON, { $email: EMAIL }, done))
  await report('$create_alias', (done) => mixpanel.alias(BROWSER, PERSON, done))
  const batch = [1, 2].map((position) => ({ event: 'Product Clicked', properties: { distinct_id: BROWSER, ...LAMP, position } }))
  await new Promise((wake, fail) => mixpanel.track_batch(batch, (errors) => (errors ? fail(errors[0]) : wake())))
  for (const { event } of batch) delivered(event)
})
