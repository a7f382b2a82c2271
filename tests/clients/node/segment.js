import { Analytics } from '@segment/analytics-node'

import { BROWSER, CURRENCY, EMAIL, LAMP, ORDER, PAGE, PERSON, run, TOTAL } from './driver.js'

const consent = (analytics) => ({ context: { consent: { categoryPreferences: { analytics } } } })

await run(async ({ gateway, key, delivered }) => {
  const analytics = new Analytics({ writeKey: key, host: gateway, maxRetries: 1 })
  analytics.on('error', (error) => {
    throw error
  })
  const report = (error, context) => {
    if (error) throw error
    delivered(context.event.event ?? context.event.type, context.event.messageId)
  }
  const track = (event, properties, choice = true) =>
    analytics.track({ anonymousId: BROWSER, event, properties, ...consent(choice) }, report)
  analytics.page({ anonymousId: BROWSER, properties: PAGE, ...consent(true) }, report)
  track('Product Viewed', LAMP)
  track('Product Added', LAMP)
  track('Order Completed', { order_id: ORDER, total: TOTAL, currency: CURRENCY, products: [LAMP] })
  track('Product Shared', LAMP, false)
  analytics.identify({ anonymousId: BROWSER, userId: PERSON, traits: { email: EMAIL } }, report)
  await analytics.closeAndFlush()
})
