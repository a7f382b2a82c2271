"""Strict decoders of IAB strings: TCF, GPP, US Privacy. Text in, nouns out.

May not: know what a policy or a purpose of ours is; be lenient; published decoders are (facts B4).
"""
