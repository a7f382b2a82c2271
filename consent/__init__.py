"""The law: what signals, policy, place and time allow. Pure: no clock, no disk, no network; knows nothing of `gateway`."""
