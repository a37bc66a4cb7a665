// Small conveniences that need a line or two each.
import { each, on, remember, text } from './dom.js'
import { showToast } from './toast.js'

on('click', '[data-copy]', async (_event, button) => {
  await navigator.clipboard.writeText(button.dataset.copy)
  showToast({ message: text('copied') })
})

on('click', '[data-reveal]', (_event, button) => {
  const input = document.getElementById(button.dataset.reveal)
  const shown = input.type === 'password'
  input.type = shown ? 'text' : 'password'
  button.setAttribute('aria-pressed', String(shown))
})

on('click', '[data-times]:not(html)', () => {
  const root = document.documentElement
  root.dataset.times = root.dataset.times === 'absolute' ? 'relative' : 'absolute'
  remember('crm_times', root.dataset.times)
})

on('change', '[data-autosubmit]', (_event, control) => control.form?.requestSubmit())

// A refused form shows where: the summary when there is one, else the first field that was refused.
const focusRefusal = (root) => (root.querySelector('[data-focus]') ?? root.querySelector('form [aria-invalid=true]'))?.focus()

focusRefusal(document)
document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => {
  if (ctx.response?.status === 422 && ctx.target?.isConnected) focusRefusal(ctx.target)
})
each('select[data-combo]', async (select) => {
  const { enhance } = await import('../entry/combo.js')
  if (select.isConnected && !select.tomselect) enhance(select, text)
})
