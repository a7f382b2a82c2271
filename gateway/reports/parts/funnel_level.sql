-- How far a journey got, by its marks: the times at which each step was done in time after the one before it; steps
-- that have any are counted. Two steps at the same moment are in order, unless they are the same event: one event is
-- one step. Most journeys have the first step only, and need no more than that.
multiIf(
        NOT bitTest(mask, 1), 0,
        mask = 2 AND {steps:Array(String)}[2] != {steps:Array(String)}[1], 1,
        arrayCount(times -> notEmpty(times), arrayFold(
            (chain, step) -> arrayPushBack(chain, arrayFilter(
                mark -> bitAnd(mark, 15) = indexOf({steps:Array(String)}, {steps:Array(String)}[step]) AND arrayExists(
                    last -> intDiv(mark, 16) + (bitAnd(mark, 15) != bitAnd(last, 15)) > intDiv(last, 16)
                        AND ({limits:Array(UInt64)}[step - 1] = 0 OR intDiv(mark, 16) <= intDiv(last, 16) + {limits:Array(UInt64)}[step - 1]),
                    chain[-1]
                ),
                marks
            )),
            range(2, length({steps:Array(String)}) + 1),
            [arrayFilter(mark -> bitAnd(mark, 15) = 1, marks)]
        ))
    )
