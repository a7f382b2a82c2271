// mixpanel-browser. A visitor who refuses is opted out: the client keeps silent, and asks for erasure of whom it knew.

import mixpanel from 'mixpanel-browser'

import { drive, sending, told } from './driver.js'
import { CURRENCY, EMAIL, ORDER, PERSON, PRODUCT, TOTAL } from './shop.js'

const accept = (wake) => (answer) => {
  if (answer !== 1 && !mixpanel.has_opted_out_tracking()) console.error('mixpanel was answered', answer)
  wake()
}
const track = (name, properties = {}) => sending(new Promise((wake) => mixpanel.track(name, properties, accept(wake))))
const identified = (person) => {
  if (!mixpanel.has_opted_out_tracking()) told('$identify')
  return person
}
const witness = (event) => {
  told(event.event ?? Object.keys(event).find((part) => part.startsWith('$')), event.properties?.$insert_id)
  return event
}

drive({
  start: ({ gateway, key, yes, waits }) =>
    mixpanel.init(key, {
      api_host: gateway,
      batch_requests: waits,
      batch_flush_interval_ms: 60_000,
      hooks: { before_identify: identified, before_send_events: witness, before_send_people: witness },
      opt_out_tracking_by_default: !yes,
      persistence: 'localStorage',
    }),
  view: () => track('Page View'),
  product: () => track('Product Viewed', PRODUCT),
  cart: () => track('Product Added', PRODUCT),
  buy: () => track('Order Completed', { order_id: ORDER, value: TOTAL, currency: CURRENCY, items: [PRODUCT] }),
  know: () => {
    mixpanel.identify(PERSON)
    sending(new Promise((wake) => mixpanel.people.set({ $email: EMAIL }, accept(wake))))
  },
  choose: (yes) => (yes ? mixpanel.opt_in_tracking({ track }) : mixpanel.opt_out_tracking()),
})
