-- Who bought: the visitor or, where nobody is known, somebody of the order's own.
if(visitor_kind = 'none', order_id, toString(visitor))
