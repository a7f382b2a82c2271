-- What each seller sold, by currency, in orders that may be told apart.
SELECT
    item.seller_id AS seller,
    currency,
    uniqExact(orders.id) AS orders,
    uniqExactIf(orders.id, orders.sellers > 1) AS shared_orders,
    groupUniqArray({told:UInt64})(orders.buyer) AS people,
    sum(item.quantity) AS pieces,
    sum(item.price * item.quantity) AS sales
FROM (
    SELECT
        currency,
        order_id AS id,
        ${buyer} AS buyer,
        length(arrayDistinct(items.seller_id)) AS sellers,
        items
    FROM gateway.conversions
    WHERE ${site_days} AND event = 'purchase' AND order_id != '' AND notEmpty(items)
) AS orders
ARRAY JOIN orders.items AS item
GROUP BY seller, currency
