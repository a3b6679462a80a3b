-- What wrk asks an app during its upgrades, and what it counts of the answers. One request in four is slow and one
-- writes. Each of wrk's threads has a state of its own, of which `done` can read strings and numbers: so a count is a
-- global of its own, named by what it counts.

local threads = {}

function setup(thread)
   thread:set("id", #threads)
   table.insert(threads, thread)
end

function init()
   asked, kinds, writing = 0, "", {}
   for name, value in pairs(wrk.headers) do writing[name] = value end
   writing["Content-Type"] = "application/json"
end

function request()
   asked = asked + 1
   local turn = asked % 4
   if turn == 0 then return wrk.format("GET", "/slow") end
   if turn ~= 1 then return wrk.format("GET", "/") end
   local note = string.format('{"id":"wrk-%d-%06d","text":"written meanwhile"}', id, asked)
   return wrk.format("POST", "/notes", writing, note)
end

function response(status, _, body)
   local kind = string.format("%s %d", body:match('"version":"([^"]*)"') or "?", status)
   if not _G[kind] then
      _G[kind], kinds = 0, kinds .. kind .. "\n"
   end
   _G[kind] = _G[kind] + 1
end

function done(summary)
   for _, thread in ipairs(threads) do
      for kind in thread:get("kinds"):gmatch("[^\n]+") do
         print(string.format("answers %s %d", kind, thread:get(kind)))
      end
   end
   for _, kind in ipairs({ "connect", "read", "write", "timeout" }) do
      print(string.format("lost %s %d", kind, summary.errors[kind]))
   end
end
