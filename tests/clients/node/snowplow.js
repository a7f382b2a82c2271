import snowplow from '@snowplow/node-tracker'

import { CURRENCY, LAMP, ORDER, PAGE, PERSON, run, TOTAL } from './driver.js'

const COMMERCE = 'iglu:com.snowplowanalytics.snowplow.ecommerce/'
const { product_id, ...described } = LAMP
const product = { schema: COMMERCE + 'product/jsonschema/1-0-0', data: { id: product_id, ...described } }
const transaction = {
  schema: COMMERCE + 'transaction/jsonschema/1-0-0',
  data: { transaction_id: ORDER, revenue: TOTAL, currency: CURRENCY, payment_method: 'card' },
}
const action = (type) =>
  snowplow.buildSelfDescribingEvent({
    event: { schema: COMMERCE + 'snowplow_ecommerce_action/jsonschema/1-0-2', data: { type } },
  })
const preference = (yes) =>
  snowplow.buildSelfDescribingEvent({
    event: {
      schema: 'iglu:com.snowplowanalytics.snowplow/consent_preferences/jsonschema/1-0-0',
      data: { eventType: yes ? 'allow_selected' : 'deny_all', basisForProcessing: 'consent', consentScopes: yes ? ['analytics'] : [] },
    },
  })

await run(async ({ gateway, key, delivered }) => {
  const [endpoint, port] = gateway.split('//')[1].split(':')
  let left = 6
  let finish
  const finished = new Promise((wake) => (finish = wake))
  const tracker = snowplow.newTracker(
    { namespace: 'server', appId: key },
    {
      endpoint,
      port: Number(port),
      protocol: 'http',
      bufferSize: 3,
      onRequestFailure: ({ status, message }) => {
        throw new Error(`${status} ${message}`)
      },
      onRequestSuccess: (batch) => {
        for (const event of batch) delivered(event.e, event.eid)
        left -= batch.length
        if (left === 0) finish()
      },
    },
  )
  tracker.setUserId(PERSON)
  tracker.track(snowplow.buildPageView({ pageUrl: PAGE.url, pageTitle: PAGE.title, referrer: PAGE.referrer }))
  tracker.track(action('product_view'), [product])
  tracker.track(action('add_to_cart'), [product])
  tracker.track(action('transaction'), [transaction, product])
  tracker.track(preference(true))
  tracker.track(preference(false))
  tracker.flush()
  await finished
})
