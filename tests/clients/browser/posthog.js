// posthog-js with its defaults: page views and page leaves come by themselves. A visitor who refuses is opted out.

import posthog from 'posthog-js'

import { drive, told } from './driver.js'
import { CURRENCY, EMAIL, ORDER, PERSON, PRODUCT, TOTAL } from './shop.js'

drive({
  start({ gateway, key, yes, waits }) {
    posthog.init(key, { api_host: gateway, opt_out_capturing_by_default: !yes, request_batching: waits })
    posthog.on('eventCaptured', (event) => told(event.event, event.uuid))
  },
  view: () => {},
  product: () => posthog.capture('Product Viewed', PRODUCT),
  cart: () => posthog.capture('Product Added', PRODUCT),
  buy: () =>
    posthog.capture('Order Completed', { order_id: ORDER, value: TOTAL, currency: CURRENCY, products: [PRODUCT] }),
  know: () => posthog.identify(PERSON, { email: EMAIL }),
  choose: (yes) => (yes ? posthog.opt_in_capturing({ captureEventName: false }) : posthog.opt_out_capturing()),
})
