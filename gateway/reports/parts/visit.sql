-- Which visit an event belongs to. Its statement begins with `continued`.
transform(${half}, continued.1, continued.2, ${half})
