-- Time has passed: ends and wakes what nobody's question has come across. Answers 1 if there is more to do.
return { catch_up(1000) and 1 or 0 }
