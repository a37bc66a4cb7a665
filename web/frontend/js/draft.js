// form[data-draft=key] keeps what was typed in this tab until it is saved; form[data-guard] warns before it is left.
import { each, make, on, text } from './dom.js'

const PREFIX = 'crm-draft:'
const keyOf = (form) => PREFIX + form.dataset.draft
const SECRET = ['password', 'file', 'hidden']
const back = performance.getEntriesByType('navigation')[0]?.type === 'back_forward'

const controls = (form) => [...form.elements].filter((element) => element.name && !SECRET.includes(element.type))

function changed(element) {
  if (element.type === 'checkbox' || element.type === 'radio') return element.checked !== element.defaultChecked
  if (element.options) return [...element.options].some((option) => option.selected !== option.defaultSelected)
  return element.value !== element.defaultValue
}

function valueOf(element) {
  if (element.type === 'checkbox' || element.type === 'radio') return element.checked
  return element.multiple ? [...element.selectedOptions].map((option) => option.value) : element.value
}

function fill(element, value) {
  if (element.type === 'checkbox' || element.type === 'radio') element.checked = value
  else if (element.multiple) for (const option of element.options) option.selected = value.includes(option.value)
  else element.value = value
}

const nameOf = (element) => (element.type === 'radio' ? `${element.name}=${element.value}` : element.name)

function store(form, sent = false) {
  const values = controls(form).filter(changed).map((element) => [nameOf(element), valueOf(element)])
  if (values.length) sessionStorage.setItem(keyOf(form), JSON.stringify({ sent, values: Object.fromEntries(values) }))
  else sessionStorage.removeItem(keyOf(form))
}

function discard(form, notice) {
  sessionStorage.removeItem(keyOf(form))
  form.reset()
  notice.remove()
}

function announce(form) {
  const notice = make('div', 'notice notice-info draft-note')
  notice.setAttribute('role', 'status')
  const button = make('button', 'btn btn-sm', text('discard'))
  button.type = 'button'
  button.addEventListener('click', () => discard(form, notice))
  notice.append(make('span', '', text('draft')), button)
  form.prepend(notice)
}

function restore(form) {
  const kept = JSON.parse(sessionStorage.getItem(keyOf(form)) ?? 'null')
  if (!kept || form.querySelector('[aria-invalid]')) return
  if (kept.sent && !back) return sessionStorage.removeItem(keyOf(form))
  for (const element of controls(form)) {
    const value = kept.values[nameOf(element)]
    if (value !== undefined) fill(element, value)
  }
  announce(form)
}

// A draft that was sent and whose form is not shown again has been saved.
function forgetSent() {
  const shown = new Set([...document.querySelectorAll('form[data-draft]')].map(keyOf))
  for (const key of Object.keys(sessionStorage)) {
    const settled = key.startsWith(PREFIX) && !shown.has(key) && JSON.parse(sessionStorage.getItem(key)).sent
    if (settled) sessionStorage.removeItem(key)
  }
}

forgetSent()
each('form[data-draft]', restore)
on('input', 'form[data-draft]', (_event, form) => store(form))
on('change', 'form[data-draft]', (_event, form) => store(form))
on('submit', 'form[data-draft]', (_event, form) => store(form, true))
on('submit', 'form[data-logout]', () => sessionStorage.clear())
document.addEventListener('htmx:after:request', ({ detail: { ctx } }) => {
  const form = ctx.sourceElement
  if (form.matches?.('form[data-draft]') && ctx.response.status < 400) sessionStorage.removeItem(keyOf(form))
})

let leaving = false
on('submit', 'form', () => { leaving = true })
addEventListener('pageshow', () => { leaving = false })
document.addEventListener('htmx:finally:request', () => { leaving = false })
addEventListener('beforeunload', (event) => {
  const dirty = [...document.querySelectorAll('form[data-guard]')].some((form) => controls(form).some(changed))
  if (dirty && !leaving) event.preventDefault()
})
