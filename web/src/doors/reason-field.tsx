interface ReasonFieldProps {
  value: string;
  onValue(value: string): void;
}

/** As the server: a reason is one line. */
const LONGEST = 200;

/** Why somebody flips a switch; kept in the audit log. */
export function ReasonField({ value, onValue }: ReasonFieldProps) {
  return (
    <label class="field">
      <span>
        Reason <span class="muted">may stay empty; kept in the audit log</span>
      </span>
      <input
        type="text"
        autocomplete="off"
        autofocus
        maxLength={LONGEST}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    </label>
  );
}
