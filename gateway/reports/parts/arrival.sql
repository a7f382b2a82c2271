-- How a visit came, in the dimension that is asked for. What has no campaign came without one; where no arrival was seen
-- (it was before consent, say) nothing is known.
if(names.word = '', '(not known)', names.word)
