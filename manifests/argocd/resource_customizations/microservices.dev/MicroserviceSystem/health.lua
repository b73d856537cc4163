-- The status follows kstatus: Reconciling and Stalled are there only while True, and Ready sums up. So this says the same
-- as Flux, Helm and `kubectl wait`.
local status = obj.status or {}

-- What the status says is of an earlier spec, or nobody has looked yet.
if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Waiting for the operator to look at this generation" }
end

local message = {}
local holds = {}
for _, condition in ipairs(status.conditions or {}) do
  message[condition.type] = condition.message
  holds[condition.type] = condition.status == "True"
end

if holds.Stalled then
  return { status = "Degraded", message = message.Stalled }
elseif holds.Ready then
  return { status = "Healthy", message = message.Ready }
end
return { status = "Progressing", message = message.Ready or "Waiting for the operator" }
