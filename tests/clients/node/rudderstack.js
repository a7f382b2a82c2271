import RudderAnalytics from '@rudderstack/rudder-sdk-node'

import { BROWSER, CURRENCY, EMAIL, LAMP, ORDER, PAGE, PERSON, run, TOTAL } from './driver.js'

const consent = (yes) => ({
  context: {
    consentManagement: { provider: 'custom', allowedConsentIds: yes ? ['C0002'] : [], deniedConsentIds: yes ? [] : ['C0002'] },
  },
})

await run(async ({ gateway, key, delivered }) => {
  const analytics = new RudderAnalytics(key, { dataPlaneUrl: gateway, flushInterval: 100 })
  const report = (name, call) =>
    new Promise((wake, fail) => call((error) => (error ? fail(error) : wake(delivered(name)))))
  const track = (event, properties, choice = true) =>
    report(event, (done) => analytics.track({ anonymousId: BROWSER, event, properties, ...consent(choice) }, done))
  await Promise.all([
    report('page', (done) => analytics.page({ anonymousId: BROWSER, properties: PAGE, ...consent(true) }, done)),
    track('Product Viewed', LAMP),
    track('Product Added', LAMP),
    track('Order Completed', { order_id: ORDER, total: TOTAL, currency: CURRENCY, products: [LAMP] }),
    track('Product Shared', LAMP, false),
    report('identify', (done) => analytics.identify({ anonymousId: BROWSER, userId: PERSON, traits: { email: EMAIL } }, done)),
  ])
})
