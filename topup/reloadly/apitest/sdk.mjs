// Calls every method of Reloadly's own client against the server at PULSA_URL. Only the addresses differ: requests to Reloadly's
// hosts go there instead.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const axios = require('axios').default
const { AirtimeApi, PhoneTopupRequest } = require('@reloadly/reloadly.airtime')
const { Environment, QueryFilter } = require('@reloadly/reloadly.core')
const { AuthenticationApi } = require('@reloadly/reloadly.authentication')
const { EmailTopupRequest } = require('@reloadly/reloadly.airtime/dto/request/EmailTopupRequest')
const { OperatorFilter } = require('@reloadly/reloadly.airtime/filter/OperatorFilter')
const { TransactionHistoryFilter } = require('@reloadly/reloadly.airtime/filter/TransactionHistoryFilter')

const { PULSA_URL: pulsa, CLIENT_ID: id, CLIENT_SECRET: secret } = process.env
axios.interceptors.request.use(config => {
  config.url = config.url.replace(/^https:\/\/(auth|topups-sandbox)\.reloadly\.com/, pulsa)
  assert(config.url.startsWith(pulsa), config.url)
  return config
})

const api = new AirtimeApi(id, secret, null, Environment.SANDBOX)
const operator = 1349
const refusal = async (request, status) =>
  assert.rejects(request.execute(), e => assert.equal(e.httpStatusCode, status, `${e}`) ?? true)

const tokens = await new AuthenticationApi(id, secret, 'topups-sandbox.reloadly.com').clientCredentials().getAccessToken().execute()
assert.equal(tokens.token_type, 'Bearer')
await refusal(new AuthenticationApi(id, 'wrong', 'topups-sandbox.reloadly.com').clientCredentials().getAccessToken(), 401)

const account = await api.accounts()
const before = await account.getBalance().execute()
assert.deepEqual([before.balance, before.currencyCode], [100, 'EUR'])

const countries = await api.countries()
assert((await countries.list().execute()).length > 100)
assert.deepEqual((await countries.getByCode('NL').execute()).callingCodes, ['+31'])
await refusal(countries.getByCode('ZZ'), 404)

const operators = await api.operators()
const page = await operators.list(new OperatorFilter().withPage(2, 5).includePin(false).includeSuggestedAmounts(true)).execute()
assert.deepEqual([page.content.length, page.number, page.content.some(o => o.pin)], [5, 2, false])
assert.equal((await operators.getById(operator).execute()).country.isoName, 'NL')
await refusal(operators.getById(9), 404)
for (const number of ['0612345678', '612345678', '31612345678', '+31612345678', '+0612345678']) {
  assert.equal((await operators.autoDetect(number, 'NL').execute()).operatorId, operator, number)
}
await refusal(operators.autoDetect('0612349999', 'NL'), 404)
assert((await operators.listByCountryCode('NL', new OperatorFilter().includePin(true)).execute()).length >= 2)
assert.deepEqual(await operators.calculateFxRate(operator, 10).execute(),
  { id: operator, name: 'Simulated NL', fxRate: 10, currencyCode: 'EUR' })

const discounts = await api.discounts()
const all = await discounts.list(new QueryFilter().withPage(1, 500)).execute()
assert.deepEqual(all.content.filter(d => d.percentage > 0).map(d => [d.operator.operatorId, d.percentage]), [[operator, 4]])
assert.deepEqual(all.totalElements, (await operators.list().execute()).totalElements)
assert.equal((await discounts.getByOperatorId(operator).execute()).internationalPercentage, 4)
assert.equal((await discounts.getByOperatorId(operator + 1000).execute()).percentage, 0)
await refusal(discounts.getByOperatorId(9), 404)

const promotions = await api.promotions()
assert.deepEqual((await promotions.list(new QueryFilter().withPage(1, 5)).execute()).content, [])
await refusal(promotions.getById(1), 404)
assert.deepEqual(await promotions.getByCountryCode('NL').execute(), [])
assert.deepEqual(await promotions.getByOperatorId(operator).execute(), [])

const topups = await api.topups()
const phone = (number, countryCode = 'NL') => ({ number, countryCode })
const bought = await topups.send(new PhoneTopupRequest(10, operator, phone('0612345678'), false, null, 'sdk-1')).execute()
assert.deepEqual([bought.status, bought.discount, bought.balanceInfo.newBalance, bought.recipientPhone],
  ['SUCCESSFUL', 0.4, 90.4, '31612345678'])
const again = await topups.send(new PhoneTopupRequest(10, operator, phone('0612345678'), false, null, 'sdk-1')).execute()
assert.equal(again.transactionId, bought.transactionId)
await refusal(topups.send(new PhoneTopupRequest(15, operator, phone('0612345678'), false, null, 'sdk-1')), 400)
await refusal(topups.send(new PhoneTopupRequest(10, 7, phone('0612345678'), false, null, 'sdk-2')), 404)
const sent = await topups.send(new PhoneTopupRequest(10, operator, phone('+31612345679'), true, phone('0687654321'), 'sdk-3')).execute()
assert.deepEqual([sent.status, sent.senderPhone, sent.balanceInfo.newBalance], ['SUCCESSFUL', '31687654321', 80.8])
const mailed = await topups.send(new EmailTopupRequest(5, 500, 'jo@nauta.com.cu', null, false, 'sdk-4')).execute()
assert.equal(mailed.recipientEmail, 'jo@nauta.com.cu')

// The client writes dates of its own time zone without leading zeros, such as 2026-1-2 3:4:5.
const history = (await api.reports()).transactionsHistory()
const between = async (from, to) => (await history.list(new TransactionHistoryFilter().withStartDate(from).withEndDate(to)).execute()).totalElements
assert.equal(await between(new Date(2026, 0, 2, 3, 4, 5), new Date(2099, 0, 2, 3, 4, 5)), 3)
assert.equal(await between(new Date(2026, 0, 2, 3, 4, 5), new Date(2026, 0, 3, 0, 0, 0)), 0)
const found = await history.list(new TransactionHistoryFilter().withPage(1, 2).customIdentifier('SDK-1').operatorId(operator)
  .countryCode('NL').operatorName('Simulated NL')).execute()
assert.deepEqual(found.content.map(t => t.transactionId), [bought.transactionId])
assert.equal((await history.getById(bought.transactionId).execute()).customIdentifier, 'sdk-1')
await refusal(history.getById(999999), 404)

const old = account.getBalance()
await api.refreshAccessToken(old)
assert.equal((await old.execute()).currencyCode, 'EUR')
console.log('every method answered')
