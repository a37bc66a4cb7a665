// The search field that picks a record of another list: the server answers with the hits, this is the choosing.
import { make, on, text } from './dom.js'
import { current, move, options, selectFirst } from './listbox.js'

const partsOf = (field) => ({
  input: field.querySelector('[role=combobox]'),
  list: field.querySelector('[role=listbox]'),
  value: field.querySelector('[data-ref-value]'),
  chips: field.querySelector('[data-ref-chips]'),
})

function toggle(field, open) {
  const { input, list } = partsOf(field)
  list.hidden = !open
  input.setAttribute('aria-expanded', String(open))
}

function addChip(field, chips, { value, label }) {
  if (chips.querySelector(`input[value="${CSS.escape(value)}"]`)) return
  const chip = make('span', 'tag-chip', label)
  const hidden = Object.assign(make('input'), { type: 'hidden', name: field.dataset.name, value })
  const remove = Object.assign(make('button', '', '×'), { type: 'button' })
  remove.dataset.refRemove = ''
  remove.setAttribute('aria-label', `${text('close')} ${label}`)
  chip.append(hidden, remove)
  chips.append(chip)
}

function choose(field, option) {
  const { input, value, chips } = partsOf(field)
  if (chips) {
    addChip(field, chips, option.dataset)
    input.value = ''
  } else {
    value.value = option.dataset.value
    input.value = option.dataset.label
  }
  toggle(field, false)
  input.focus()
  field.dispatchEvent(new CustomEvent('change', { bubbles: true, detail: { ...option.dataset } }))
}

// The parameter of the search is q, whatever the field is called.
document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  const input = ctx.sourceElement
  if (!input.matches?.('[data-ref] [role=combobox]')) return
  ctx.request.body.delete(input.name)
  ctx.request.body.set('q', input.value)
})

on('htmx:after:swap', '[data-ref] [role=combobox]', (_event, input) => {
  const field = input.closest('[data-ref]')
  const { list } = partsOf(field)
  if (!options(list).length) list.replaceChildren(make('div', 'ref-nothing', text('nothing')))
  selectFirst(input, list)
  toggle(field, document.activeElement === input)
})

on('input', '[data-ref] [role=combobox]', (_event, input) => {
  const { value } = partsOf(input.closest('[data-ref]'))
  if (value) value.value = ''
})

on('keydown', '[data-ref] [role=combobox]', (event, input) => {
  const field = input.closest('[data-ref]')
  const { list } = partsOf(field)
  const isOpen = !list.hidden
  if (event.key === 'ArrowDown' && !isOpen) return void input.dispatchEvent(new CustomEvent('crm:open'))
  if (!isOpen || move(event, input, list)) return
  const option = current(list)
  if (event.key === 'Enter' && option && !event.ctrlKey) choose(field, option)
  else if (event.key === 'Escape') toggle(field, false)
  else return
  event.preventDefault()
  event.stopPropagation()
})

on('mousedown', '[data-ref] [role=option]', (event, option) => {
  event.preventDefault()
  choose(option.closest('[data-ref]'), option)
})

on('click', '[data-ref-clear]', (_event, button) => {
  const field = button.closest('[data-ref]')
  const { input, value } = partsOf(field)
  input.value = ''
  if (value) value.value = ''
  input.focus()
  field.dispatchEvent(new CustomEvent('change', { bubbles: true }))
})

on('click', '[data-ref-remove]', (_event, button) => button.closest('.tag-chip').remove())
on('focusout', '[data-ref]', ({ relatedTarget }, field) => {
  if (!field.contains(relatedTarget)) toggle(field, false)
})
