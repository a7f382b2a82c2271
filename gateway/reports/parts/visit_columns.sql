-- What is known of a visit: its last purchase, its first arrival.
maxIf(event_time, event = 'purchase') AS purchased_at,
            ${entry} AS entry
