// A lost connection is said in a banner; what was typed stays where it is.
import { make, on, text } from './dom.js'

const banner = document.getElementById('connection')

function show(message, link) {
  if (!banner) return
  banner.replaceChildren(make('span', '', message))
  if (link) banner.append(link)
  banner.hidden = false
}

const showOffline = () => show(text('offline'))

export function showExpired() {
  const link = make('a', 'btn btn-sm', text('logIn'))
  link.href = '/login'
  link.target = '_blank'
  show(text('expired'), link)
}

export const hideBanner = () => { if (banner) banner.hidden = true }

addEventListener('offline', showOffline)
addEventListener('online', hideBanner)

document.addEventListener('htmx:error', ({ detail: { ctx, error } }) => {
  const timedOut = ctx?.request?.signal?.reason === 'timeout'
  if (timedOut || (error instanceof TypeError && !ctx?.response)) showOffline()
})
document.addEventListener('htmx:after:request', ({ detail: { ctx } }) => {
  if (ctx.response.status < 400) hideBanner()
})

// A page load without a connection would throw the form away, so it is not started.
on('submit', 'form', (event, form) => {
  if (navigator.onLine || form.method === 'dialog') return
  event.preventDefault()
  event.stopImmediatePropagation()
  showOffline()
}, { capture: true })
