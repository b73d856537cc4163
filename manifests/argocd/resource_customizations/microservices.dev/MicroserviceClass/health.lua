-- A class is of use or it is not: there is nothing between. Its status is written by an operator of the whole cluster.
local status = obj.status or {}
if status.observedGeneration ~= nil and status.observedGeneration == obj.metadata.generation then
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == "Ready" and condition.status == "True" then
      return { status = "Healthy", message = condition.message }
    elseif condition.type == "Ready" then
      return { status = "Degraded", message = condition.message }
    end
  end
end
return { status = "Progressing", message = "Waiting for the operator to look at this generation" }
