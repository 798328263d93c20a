export function Mark() {
  return (
    <svg
      class="mark"
      width="22"
      height="22"
      viewBox="4 4 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d="M7 11.5V9a2 2 0 0 1 2-2h2.5M20.5 7H23a2 2 0 0 1 2 2v2.5M25 20.5V23a2 2 0 0 1-2 2h-2.5M11.5 25H9a2 2 0 0 1-2-2v-2.5" />
      <path d="M12.5 13v1.5M19.5 13v1.5M12 18.5c2 2.3 6 2.3 8 0" />
    </svg>
  );
}
