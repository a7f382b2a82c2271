import { PostHog } from 'posthog-node'

import { BROWSER, CURRENCY, EMAIL, LAMP, ORDER, PAGE, PERSON, run, TOTAL } from './driver.js'

await run(async ({ gateway, key, delivered }) => {
  const posthog = new PostHog(key, { host: gateway, flushAt: 20, fetchRetryCount: 1 })
  posthog.on('error', (error) => {
    throw error
  })
  posthog.on('flush', (batch) => {
    for (const { event, uuid } of batch) delivered(event, uuid)
  })
  const capture = (event, properties) =>
    posthog.capture({ distinctId: BROWSER, event, properties: { $current_url: PAGE.url, ...properties } })
  capture('$pageview', { title: PAGE.title })
  capture('Product Viewed', LAMP)
  capture('Product Added', LAMP)
  capture('Order Completed', { order_id: ORDER, value: TOTAL, currency: CURRENCY, products: [LAMP] })
  posthog.identify({ distinctId: PERSON, properties: { email: EMAIL } })
  posthog.alias({ distinctId: PERSON, alias: BROWSER })
  const flags = await posthog.evaluateFlags(PERSON)
  if (flags.isEnabled('new-shop')) throw new Error('a flag that nobody set')
  await posthog.shutdown()
})
