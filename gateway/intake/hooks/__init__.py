"""One file per source of webhooks, one table. Adding a source is one new file and one line here.

A source proves, reads and nothing else; what it sends goes the walk of every event, with a server's consent rule.
"""

from __future__ import annotations

from gateway.intake.hooks import hmac, qualtrics, secret_path, shopify_hook, standard, survicate, typeform
from gateway.intake.hooks.hook import Hook, Kind, Stamp, Terms, compile_hook

__all__ = ["KINDS", "Hook", "Stamp", "Terms", "compile_hook"]

#: Every kind of source, by the word that gateway.yml uses; rows carry the kind's name as their adapter.
KINDS: dict[str, Kind] = {
    "typeform": typeform.KIND,
    "survicate": survicate.KIND,
    "shopify": shopify_hook.KIND,
    "standard": standard.KIND,
    "qualtrics": qualtrics.KIND,
    "hmac": hmac.KIND,
    "secret_path": secret_path.KIND,
}
