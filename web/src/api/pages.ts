// Lists come in pages; some are needed whole, to be searched.

/** Pages that are fetched of a list, of 250 each: 20,000 things are more than anybody reads. */
const MAX_PAGES = 80;
export const PAGE = 250;

interface Page<T> {
  items: T[];
  next?: string | null;
}

export interface All<T> {
  items: T[];
  /** There are more than were fetched. */
  cut: boolean;
}

/** Every item of a list. */
export async function everyPage<T>(
  fetchPage: (cursor: string | undefined) => Promise<Page<T>>,
): Promise<All<T>> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await fetchPage(cursor);
    items.push(...page.items);
    // One that comes again would never end.
    if (!page.next || page.next === cursor) return { items, cut: false };
    cursor = page.next;
  }
  return { items, cut: true };
}
