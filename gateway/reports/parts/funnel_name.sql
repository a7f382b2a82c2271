-- What an event is counted under: a property of its own, or nothing.
if({by:String} = '', '', if({dimension:Identifier} = '', '(not known)', toString({dimension:Identifier})))
