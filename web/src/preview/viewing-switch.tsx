import { type Viewing, view, viewing } from './viewing.ts';

const CHOICES: readonly { how: Viewing; label: string; means: string }[] = [
  { how: 'exact', label: 'Exact', means: 'Every picture that is analysed, with the boxes that belong to it (v)' },
  {
    how: 'smooth',
    label: 'Smooth',
    means: 'The camera’s video at its full rate; boxes lie on it roughly, they are of another moment (v)',
  },
];

export function ViewingSwitch() {
  return (
    <fieldset class="segments">
      <legend class="sr-only">How pictures are shown</legend>
      {CHOICES.map(({ how, label, means }) => (
        <button
          key={how}
          type="button"
          class="segment"
          aria-pressed={viewing.value === how}
          title={means}
          onClick={() => view(how)}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}
