"""What privacy and legal ask of a policy: is it sound, what do its examples test, what changed, what would it do.

May not: decide anything by themselves; touch a disk or a clock. Texts and times come in, sentences go out.
"""
