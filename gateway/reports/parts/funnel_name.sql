-- What an event is counted under: a property of its own, or nothing.
if({by:String} = '', '', toString({dimension:Identifier}))
