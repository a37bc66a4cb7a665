// A form is sent once: its buttons rest while the request runs and work again when it failed.
import { on } from './dom.js'

const GIVE_UP_MS = 20_000
const buttons = (form) => [...form.elements].filter((element) => element.type === 'submit')

export function release(form) {
  if (!form?.dataset.busy) return
  delete form.dataset.busy
  form.removeAttribute('aria-busy')
  buttons(form).forEach((button) => { button.disabled = false })
}

on('submit', 'form', (event, form) => {
  if (form.dataset.busy) {
    event.preventDefault()
    event.stopImmediatePropagation()
  }
}, { capture: true })

on('submit', 'form', (event, form) => {
  if (form.method !== 'post' || form.hasAttribute('data-download')) return
  form.dataset.busy = 'yes'
  form.setAttribute('aria-busy', 'true')
  // Only after this turn: a disabled button would not send its own name and value.
  setTimeout(() => buttons(form).forEach((button) => { button.disabled = true }))
  setTimeout(() => release(form), GIVE_UP_MS)
})

document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => release(ctx.sourceElement.closest?.('form')))
addEventListener('pageshow', () => document.querySelectorAll('form[data-busy]').forEach(release))

on('keydown', 'form', (event, form) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  form.requestSubmit(form.querySelector('[data-primary]') ?? undefined)
})
