-- A new value of this field replaces all pods, by the rollout that the service has.
local os = require("os")
obj.spec.restartedAt = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
