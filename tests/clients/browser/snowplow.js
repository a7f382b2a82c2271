// @snowplow/browser-tracker with its ecommerce plugin. A visitor who refuses is tracked with server anonymisation;
// the choice itself is a consent_preferences event.

import {
  SnowplowEcommercePlugin,
  trackAddToCart,
  trackProductView,
  trackTransaction,
} from '@snowplow/browser-plugin-snowplow-ecommerce'
import {
  disableAnonymousTracking,
  enableAnonymousTracking,
  newTracker,
  setUserId,
  trackPageView,
  trackSelfDescribingEvent,
} from '@snowplow/browser-tracker'

import { drive, sending, told } from './driver.js'
import { CURRENCY, LAMP, ORDER, PERSON, TOTAL } from './shop.js'

const ANONYMOUS = { withServerAnonymisation: true }
const product = { ...LAMP, currency: CURRENCY }
const waiting = []

const track = (call) => {
  sending(new Promise((wake) => waiting.push(wake)))
  call()
}

const preference = (yes) => ({
  schema: 'iglu:com.snowplowanalytics.snowplow/consent_preferences/jsonschema/1-0-0',
  data: {
    eventType: yes ? 'allow_selected' : 'deny_all',
    basisForProcessing: 'consent',
    consentUrl: 'http://www.shop.example/privacy',
    consentVersion: '1',
    consentScopes: yes ? ['analytics'] : [],
    domainsApplied: ['http://www.shop.example'],
    gdprApplies: true,
  },
})

drive({
  start({ gateway, key, yes, waits }) {
    newTracker('sp', gateway, {
      appId: key,
      bufferSize: waits ? 20 : 1,
      keepalive: waits, // else what is sent when the page is left waits for the next page of the site
      anonymousTracking: yes ? false : ANONYMOUS,
      contexts: { session: true },
      plugins: [SnowplowEcommercePlugin()],
      onRequestSuccess: (batch) => {
        for (const event of batch) {
          told(event.e, event.eid)
          waiting.shift()()
        }
      },
      onRequestFailure: ({ status, message }) => console.error(status, message),
    })
  },
  view: () => track(() => trackPageView()),
  product: () => track(() => trackProductView(product)),
  cart: () => track(() => trackAddToCart({ products: [product], total_value: TOTAL, currency: CURRENCY })),
  buy: () =>
    track(() =>
      trackTransaction({
        transaction_id: ORDER,
        revenue: TOTAL,
        currency: CURRENCY,
        payment_method: 'card',
        products: [product],
      }),
    ),
  know: () => setUserId(PERSON),
  prefer: (yes) => track(() => trackSelfDescribingEvent({ event: preference(yes) })),
  choose: (yes) => (yes ? disableAnonymousTracking({}) : enableAnonymousTracking({ options: ANONYMOUS })),
})
