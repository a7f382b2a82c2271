"""The demo: a home-decor marketplace's visitors, made up from a seed, sent to a running gateway over real HTTP.

May call out, to the gateway only. May not: read what the gateway wrote, or use any room of it; it is a client like
any other.

The generator is pure: a seed, a number of visitors and a `now` in; requests and the truth about them out. Only
`sender` opens sockets.
"""
