interface ReasonFieldProps {
  value: string;
  onValue(value: string): void;
  /** Written into at once, so that Enter does it. Not where that opens a door: a key that is held down would. */
  ready?: boolean;
}

/** As the server: a reason is one line. */
const LONGEST = 200;

/** Why somebody flips a switch; kept in the audit log. */
export function ReasonField({ value, onValue, ready = false }: ReasonFieldProps) {
  return (
    <label class="field">
      <span>
        Reason <span class="muted">may stay empty; kept in the audit log</span>
      </span>
      <input
        type="text"
        autocomplete="off"
        autofocus={ready}
        maxLength={LONGEST}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    </label>
  );
}
