// `track` reports nothing and never reads the answer, which keeps the process until the server hangs up: Node's own
// diagnostics channel tells of the answer and lets it be read.
import { subscribe } from 'node:diagnostics_channel'

import MatomoTracker from 'matomo-tracker'

import { LAMP, ORDER, PAGE, run, TOTAL } from './driver.js'

await run(async ({ gateway, key, delivered }) => {
  const matomo = new MatomoTracker(key, gateway + '/matomo.php')
  matomo.on('error', (error) => {
    throw new Error(String(error))
  })
  const page = { url: PAGE.url, action_name: PAGE.title, urlref: PAGE.referrer, _id: '0123456789abcdef' }
  const product = { ...page, _pks: LAMP.product_id, _pkn: LAMP.name, _pkc: LAMP.category, _pkp: LAMP.price }
  const items = JSON.stringify([[LAMP.product_id, LAMP.name, LAMP.category, LAMP.price, LAMP.quantity]])
  const order = { ...page, idgoal: 0, ec_id: ORDER, revenue: TOTAL, ec_items: items }
  const bulk = [page, product, { ...page, e_c: 'product', e_a: 'share' }, order, { ...product, consent: 1 }]
  const answer = JSON.parse(await new Promise((wake) => matomo.trackBulk(bulk, wake)))
  if (answer.status !== 'success' || answer.tracked !== bulk.length) throw new Error(JSON.stringify(answer))
  for (const { url } of bulk) delivered(url)
  const answered = new Promise((wake) => subscribe('http.client.response.finish', ({ response }) => wake(response.resume())))
  matomo.track(page)
  if ((await answered).statusCode === 200) delivered(PAGE.url)
})
