// @amplitude/analytics-browser with its autocapture: sessions, page views and campaigns come by themselves. A visitor
// who refuses is opted out. Its documentation has the page switch to beacons when it is left.

import * as amplitude from '@amplitude/analytics-browser'

import { drive, sending, told } from './driver.js'
import { CURRENCY, EMAIL, ORDER, PERSON, PRODUCT, TOTAL } from './shop.js'

const OPTED_OUT = 0
const report = ({ promise }) =>
  sending(
    promise.then(({ code, message }) => {
      if (code !== 200 && code !== OPTED_OUT) console.error('amplitude was answered', code, message)
    }),
  )
const track = (name, properties) => report(amplitude.track(name, properties))
const witness = {
  name: 'witness',
  type: 'enrichment',
  execute: async (event) => {
    told(event.event_type, event.insert_id)
    return event
  },
}

drive({
  async start({ gateway, key, yes, waits }) {
    amplitude.add(witness)
    await amplitude.init(key, {
      autocapture: { attribution: true, sessions: true, pageViews: true, formInteractions: true, fileDownloads: true },
      serverUrl: gateway + '/2/httpapi',
      remoteConfig: { serverUrl: gateway + '/config' },
      optOut: !yes,
      flushIntervalMillis: waits ? 60_000 : 100,
    }).promise
    addEventListener('pagehide', () => {
      amplitude.setTransport('beacon')
      amplitude.flush()
    })
  },
  view: () => {},
  product: () => track('Product Viewed', PRODUCT),
  cart: () => track('Product Added', PRODUCT),
  buy: () => track('Order Completed', { order_id: ORDER, value: TOTAL, currency: CURRENCY, products: [PRODUCT] }),
  know: () => {
    amplitude.setUserId(PERSON)
    report(amplitude.identify(new amplitude.Identify().set('email', EMAIL)))
  },
  choose: (yes) => amplitude.setOptOut(!yes),
})
