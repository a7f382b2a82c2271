// What every page answers to, whatever its client: the verbs of a visit, and the list of what the client says it sent.
// May not: know a client. An entry is made only where the client itself reports an event; one that reports a failure
// rejects, which the test sees as an error of the page.

const sendings = []

/** The client says that it sent this event; `id` is the protocol's event id, '' where it has none. */
export const told = (name, id = '') => {
  const sent = JSON.parse(localStorage.getItem('told') ?? '[]')
  localStorage.setItem('told', JSON.stringify([...sent, { name, id }]))
}

/** Something is on its way: `settle` waits for it. */
export const sending = (promise) => {
  sendings.push(promise)
}

/**
 * start({gateway, key, yes, waits})  yes: what the visitor chose; waits: send nothing before the page is left
 * view, product, cart, buy           the four steps of a visit
 * know                               the visitor says who it is
 * prefer(yes)                        the choice is told as an event, where the protocol has one
 * choose(yes)                        the visitor changes the choice
 * settle()                           ends when the client has heard about all that it sent
 */
export const drive = (client) => {
  window.client = { know: () => {}, prefer: () => {}, settle: () => Promise.all(sendings), ...client }
}
