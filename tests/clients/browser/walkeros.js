// @elbwalker/walker.js with its web API destination. The granted consent travels in every event. It names no key, so it
// is sent to the prefix of a source of the site.

import destinationAPI from '@elbwalker/destination-web-api'
import { createSourceWalkerjs } from '@elbwalker/walker.js'

import { drive, sending, told } from './driver.js'
import { CURRENCY, LAMP, ORDER, TOTAL } from './shop.js'

const { quantity, ...lamp } = LAMP
let elb

const push = (...event) =>
  sending(
    elb(...event).then(({ ok, event }) => {
      if (!ok) throw new Error('walker.js could not deliver')
      told(event.event, event.id)
    }),
  )

drive({
  start({ gateway, yes, waits }) {
    elb = createSourceWalkerjs({ run: true, pageview: false, session: false, consent: { analytics: yes } }).elb
    const custom = { url: gateway + '/collect', transport: waits ? 'beacon' : 'fetch' }
    elb('walker destination', destinationAPI, { custom })
  },
  view: () => push('page view', { title: document.title }),
  product: () => push('product view', lamp),
  cart: () => push('product add', LAMP),
  buy: () =>
    push('order complete', { id: ORDER, value: TOTAL, currency: CURRENCY }, 'custom', {}, [
      { type: 'product', data: LAMP },
    ]),
  choose: (yes) => elb('walker consent', { analytics: yes }),
})
