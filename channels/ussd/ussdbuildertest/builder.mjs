// Reads requests, one in a line as JSON: {"provider", "args", "text"}. For each it writes what ussd-builder reads in the request, the
// route of its session, and how it answers with the text, both going on and ending.
import { createInterface } from 'node:readline'
import UssdMenu from 'ussd-builder'

const sessions = {} // by provider and name

async function answer({ provider, args, text }, how) {
  const menu = new UssdMenu({ provider })
  const kept = (name) => (sessions[provider + how + ' ' + name] ??= {})
  menu.sessionConfig({
    start: async (name) => { kept(name) },
    get: async (name, key) => kept(name)[key],
    set: async (name, key, value) => { kept(name)[key] = value },
    end: async () => {},
  })
  let route = ''
  const resolve = menu.resolveRoute.bind(menu)
  menu.resolveRoute = (found, callback) => { route = found; resolve(found, callback) }
  menu.startState({ run: () => menu[how](text), next: { '*.*': 'any' } })
  menu.state('any', { run: () => menu[how](text), next: { '*.*': 'any' } })
  const result = await menu.run(structuredClone(args))
  const { sessionId, phoneNumber, text: typed } = menu.args
  return { read: { sessionId, phoneNumber, text: typed, route }, result }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  const more = await answer(request, 'con')
  const end = await answer(request, 'end')
  console.log(JSON.stringify({ read: more.read, more: more.result, end: end.result }))
}
