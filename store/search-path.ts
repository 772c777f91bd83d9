// Keeps functions and operators of other roles out of Headgate's statements. Every connection to the store runs this first.

/**
 * Removes `"$user"` from the session's search_path unless that schema belongs to the role itself or to a superuser. Its replacement,
 * pg_nobody, cannot be created: PostgreSQL reserves names that begin with pg_. A tenant that may create schemas could otherwise create one
 * with the name of another role, containing an operator that matches better than PostgreSQL's own; statements of the other role would then
 * call that operator with that role's rights. The rest of the search_path stays, because operators of types such as citext are found
 * through it.
 */
export const ownSearchPath = `
  SET search_path = pg_catalog;
  SELECT set_config('search_path',
    CASE WHEN EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = current_user AND (r.rolsuper OR r.rolname = current_user))
      THEN reset_val ELSE replace(reset_val, '"$user"', 'pg_nobody') END, false)
  FROM pg_settings WHERE name = 'search_path'`
