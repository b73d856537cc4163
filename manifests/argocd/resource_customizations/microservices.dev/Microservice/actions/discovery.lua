local paused = obj.spec.paused or false
local actions = {}
-- A restart of a paused service would wait for its end, unseen.
actions["restart"] = { ["disabled"] = paused }
actions["pause"] = { ["disabled"] = paused }
actions["resume"] = { ["disabled"] = not paused }
return actions
