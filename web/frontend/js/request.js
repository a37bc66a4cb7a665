// What every htmx request carries, and what a refused one tells the user.
import { text } from './dom.js'
import { showToast } from './toast.js'
import { showExpired } from './connection.js'

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? ''

// The guards of a form are for changes; in the address of a question they would end up in logs.
export const GUARDS = ['csrf_token', 'idempotency_key']

document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  if (ctx.request.method === 'GET') GUARDS.forEach((name) => ctx.request.body.delete(name))
  else ctx.request.headers['X-CSRF-Token'] = token()
})

const EXPLAINED = { 403: 'forbidden', 404: 'gone', 410: 'gone' }
const SWAPPED = [409, 412, 422]

document.addEventListener('htmx:response:error', ({ detail: { ctx } }) => {
  const { status } = ctx.response
  if (status === 401) return showExpired()
  const explained = ctx.hx?.trigger?.includes('crm:toast') || SWAPPED.includes(status)
  if (!explained) showToast({ kind: 'danger', message: text(EXPLAINED[status] ?? 'failed') })
})
