"""The law: what signals, policy, place and time allow. Pure: no clock, disk or network; knows nothing of `gateway`."""
