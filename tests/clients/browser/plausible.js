// @plausible-analytics/tracker with its defaults: page views and engagement come by themselves. It knows no visitors,
// so it has no consent either; a visitor can only be left out by the flag that it reads from local storage.

import { init, track } from '@plausible-analytics/tracker'

import { drive, sending, told } from './driver.js'
import { CURRENCY, LAMP, ORDER, TOTAL } from './shop.js'

const product = { product_id: LAMP.id, name: LAMP.name, category: LAMP.category, price: String(LAMP.price) }
const witness = (payload) => {
  told(payload.n)
  return payload
}
const choose = (yes) =>
  yes ? localStorage.removeItem('plausible_ignore') : localStorage.setItem('plausible_ignore', 'true')

const report = (name, options) =>
  sending(
    new Promise((wake) => {
      const callback = (answer) => {
        if (answer && answer.status !== 202) console.error('plausible was answered', answer.status, answer.error)
        wake()
      }
      track(name, { ...options, callback })
    }),
  )

drive({
  start({ gateway, key, yes }) {
    choose(yes)
    init({ domain: key, endpoint: gateway + '/api/event', transformRequest: witness })
  },
  view: () => {},
  product: () => report('Product Viewed', { props: product }),
  cart: () => report('Product Added', { props: product }),
  buy: () => report('Order Completed', { props: { order_id: ORDER }, revenue: { amount: TOTAL, currency: CURRENCY } }),
  choose,
})
