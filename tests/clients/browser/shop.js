// What is looked at and bought in every visit, and by whom.

export const EMAIL = 'jane.doe@example.com'
export const PERSON = 'user-4711'
export const ORDER = 'O-1'
export const CURRENCY = 'EUR'
export const LAMP = { id: 'SKU-1', name: 'Stehlampe „Ærø“ 東京', category: 'lamps', price: 129.9, quantity: 2 }
export const TOTAL = LAMP.price * LAMP.quantity

const { id, ...described } = LAMP
/** The lamp as most vendors have it described. */
export const PRODUCT = { product_id: id, ...described, currency: CURRENCY }
