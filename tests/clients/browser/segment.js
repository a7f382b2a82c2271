// @segment/analytics-next, with Segment's own consent wrapper, which stamps every event with the visitor's choice.

import { createWrapper } from '@segment/analytics-consent-tools'
import { AnalyticsBrowser } from '@segment/analytics-next'

import { drive, sending, told } from './driver.js'
import { CURRENCY, EMAIL, ORDER, PERSON, PRODUCT, TOTAL } from './shop.js'

const analytics = new AnalyticsBrowser()
const categories = (yes) => ({ analytics: yes, advertising: false })
let choice

const report = (call) =>
  sending(
    call.then((context) => {
      if (context.failedDelivery()) throw new Error(String(context.failedDelivery().reason))
      told(context.event.event ?? context.event.type, context.event.messageId)
    }),
  )

drive({
  start({ gateway, key, yes, waits }) {
    choice = categories(yes)
    const strategy = waits ? { strategy: 'batching', config: { size: 20, timeout: 60_000 } } : undefined
    const destination = { apiHost: gateway.split('//')[1] + '/v1', protocol: 'http', deliveryStrategy: strategy }
    createWrapper({ getCategories: () => choice })(analytics).load(
      { writeKey: key, cdnURL: gateway },
      { integrations: { 'Segment.io': destination } },
    )
  },
  view: () => report(analytics.page()),
  product: () => report(analytics.track('Product Viewed', PRODUCT)),
  cart: () => report(analytics.track('Product Added', PRODUCT)),
  buy: () =>
    report(
      analytics.track('Order Completed', { order_id: ORDER, total: TOTAL, currency: CURRENCY, products: [PRODUCT] }),
    ),
  know: () => report(analytics.identify(PERSON, { email: EMAIL })),
  choose: (yes) => {
    choice = categories(yes)
  },
})
