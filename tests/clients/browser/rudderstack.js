// @rudderstack/analytics-js, the build that needs no CDN, with a consent provider of the site's own.

import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'

import { drive, sending, told } from './driver.js'
import { CURRENCY, EMAIL, ORDER, PERSON, PRODUCT, TOTAL } from './shop.js'

const analytics = new RudderAnalytics()
const consent = (yes) => ({
  enabled: true,
  provider: 'custom',
  allowedConsentIds: yes ? ['C0001', 'C0002'] : ['C0001'],
  deniedConsentIds: yes ? ['C0004'] : ['C0002', 'C0004'],
})

const report = (call) =>
  sending(new Promise((wake) => call((event) => wake(told(event.event ?? event.type, event.messageId)))))
const track = (name, properties) => report((done) => analytics.track(name, properties, {}, done))

drive({
  start: ({ gateway, key, yes, waits }) =>
    analytics.load(key, gateway, {
      configUrl: gateway,
      consentManagement: consent(yes),
      useBeacon: waits,
      logLevel: 'WARN',
    }),
  view: () => report((done) => analytics.page(undefined, undefined, {}, {}, done)),
  product: () => track('Product Viewed', PRODUCT),
  cart: () => track('Product Added', PRODUCT),
  buy: () => track('Order Completed', { order_id: ORDER, total: TOTAL, currency: CURRENCY, products: [PRODUCT] }),
  know: () => report((done) => analytics.identify(PERSON, { email: EMAIL }, {}, done)),
  choose: (yes) => analytics.consent({ consentManagement: consent(yes) }),
})
