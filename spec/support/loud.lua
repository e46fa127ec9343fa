-- SPDX-License-Identifier: MIT

-- How many samples of what an ear heard are loud, and where the last of them is.
return function(ear, from)
  local samples <const> = ear:samples(from or 0)
  local count, last = 0, 0
  for at = 1, #samples - 1, 2 do
    if (("<i2"):unpack(samples, at)) > 4000 then count, last = count + 1, at // 2 end
  end
  return count, last
end
