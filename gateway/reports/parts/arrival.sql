-- How a visit came, in the dimension that is asked for: 2 channel, 3 source, 5 campaign. What has no campaign came
-- without one; where no arrival was seen (it was before consent, say) nothing is known.
multiIf(entry IN ('', '~'), '(not known)', splitByChar('\x1F', entry)[{arrival:UInt8}] = '', '(none)', splitByChar('\x1F', entry)[{arrival:UInt8}])
