// What every htmx request carries, and what a refused one tells the user.
import { text } from './dom.js'
import { showToast } from './toast.js'
import { showExpired } from './connection.js'

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? ''

document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  if (ctx.request.method !== 'GET') ctx.request.headers['X-CSRF-Token'] = token()
})

const EXPLAINED = { 403: 'forbidden', 404: 'gone', 410: 'gone' }
const SWAPPED = [409, 412, 422]

document.addEventListener('htmx:response:error', ({ detail: { ctx } }) => {
  const { status } = ctx.response
  if (status === 401) return showExpired()
  const explained = ctx.hx?.trigger?.includes('crm:toast') || SWAPPED.includes(status)
  if (!explained) showToast({ kind: 'danger', message: text(EXPLAINED[status] ?? 'failed') })
})
