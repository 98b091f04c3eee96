/* Who may sign in, and as what. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../../core/api';
import { t } from '../../core/i18n';
import { FormDialog, useForm } from '../../ui/form';
import { ask, Avatar, Button, Card, Failure, Menu, PasswordField, SelectField, showError, Skeleton, TextField, Time, toast } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { me } from '../../ui/state';
import { Table } from '../../ui/table';

type User = Schemas['User'];
type Role = Schemas['Role'];
export function roles(): [Role, string][] {
    return [
        ['viewer', t('Viewer: sees everything')],
        ['editor', t('Editor: writes sequences, enrolls people')],
        ['admin', t('Administrator: everything')],
    ];
}
const shortRole = (role: Role): string => ({ viewer: t('Viewer'), editor: t('Editor'), admin: t('Administrator') })[role];
export function Users() {
    const users = useResource('users', () => call(api.GET('/api/users')), { on: ['user'] });
    const [editing, setEditing] = useState<User | 'new' | null>(null);
    const remove = async (user: User): Promise<void> => {
        const yes = await ask({ title: t('Remove {name}?', { name: user.name || user.email }), body: <p>{t('They are signed out everywhere at once.')}</p>, action: t('Remove'), danger: true });
        if (!yes) return;
        await call(api.DELETE('/api/users/{id}', { params: { path: { id: user.id } } }));
        users.reload();
    };
    const change = async (user: User, body: { disabled?: boolean }): Promise<void> => {
        await call(api.PUT('/api/users/{id}', { params: { path: { id: user.id } }, body }));
        users.reload();
    };
    const resetFactor = async (user: User): Promise<void> => {
        const yes = await ask({ title: t('Reset two-step sign-in of {name}?', { name: user.name || user.email }), body: <p>{t('They then sign in with their password alone. Be sure that it is they who ask.')}</p>, action: t('Reset'), danger: true });
        if (!yes) return;
        await call(api.DELETE('/api/users/{id}/second-factor', { params: { path: { id: user.id } } }));
        users.reload();
    };
    if (!users.data) return users.error ? <Failure error={users.error} retry={users.reload} /> : <Skeleton />;
    return (
        <Card
            title={t('Users')}
            actions={
                <Button kind="primary" small icon="user-plus" onClick={() => setEditing('new')}>
                    {t('Add a user')}
                </Button>
            }
        >
            <Table columns={[t('Person'), t('Role'), t('Last seen')]} tools>
                {users.data.data.map(user => (
                    <tr key={user.id}>
                        <td>
                            <div class="row">
                                <Avatar name={user.name || user.email} />
                                <div>
                                    <div class="strong" dir="auto">
                                        {user.name || user.email} {user.id === me.value?.user?.id ? <span class="chip">{t('you')}</span> : null}
                                    </div>
                                    <div class="sub">{user.email}</div>
                                </div>
                            </div>
                        </td>
                        <td>
                            {shortRole(user.role)} {user.disabled ? <span class="chip warn">{t('locked')}</span> : null} {user.second_factor ? <span class="chip">{t('two steps')}</span> : null}
                        </td>
                        <td class="muted">
                            <Time at={user.last_seen_at} />
                        </td>
                        <td class="tools">
                            <Menu
                                label={t('More for “{name}”', { name: user.name || user.email })}
                                items={[
                                    { label: t('Edit'), icon: 'pencil', run: () => setEditing(user) },
                                    user.disabled ? { label: t('Unlock'), icon: 'lock-open', run: () => void change(user, { disabled: false }).catch(showError) } : { label: t('Lock'), icon: 'lock', run: () => void change(user, { disabled: true }).catch(showError) },
                                    ...(user.second_factor && user.id !== me.value?.user?.id ? [{ label: t('Reset two-step sign-in'), icon: 'shield-off', run: () => void resetFactor(user).catch(showError) }] : []),
                                    { label: t('Remove'), icon: 'trash-2', danger: true, run: () => void remove(user).catch(showError) },
                                ]}
                            />
                        </td>
                    </tr>
                ))}
            </Table>
            {editing ? (
                <EditUser
                    user={editing === 'new' ? null : editing}
                    onClose={() => {
                        setEditing(null);
                        users.reload();
                    }}
                />
            ) : null}
        </Card>
    );
}
function EditUser({ user, onClose }: { user: User | null; onClose: () => void }) {
    const [email, setEmail] = useState(user?.email ?? '');
    const [name, setName] = useState(user?.name ?? '');
    const [role, setRole] = useState<Role>(user?.role ?? 'editor');
    const [password, setPassword] = useState('');
    const form = useForm();
    const send = async (): Promise<void> => {
        if (user) await call(api.PUT('/api/users/{id}', { params: { path: { id: user.id } }, body: { name: name.trim(), role, ...(password ? { password } : {}) } }));
        else await call(api.POST('/api/users', { body: { email: email.trim(), name: name.trim() || undefined, role, password } }));
        toast(t('Saved.'));
        onClose();
    };
    return (
        <FormDialog title={user ? t('Edit user') : t('Add a user')} action={user ? t('Save') : t('Add')} form={form} send={send} onClose={onClose}>
            {!user ? <TextField label={t('E-mail address')} type="email" value={email} onValue={setEmail} autocomplete="off" error={form.error?.fieldError('email')} autofocus /> : null}
            <TextField label={t('Name')} value={name} onValue={setName} autocomplete="off" error={form.error?.fieldError('name')} />
            <SelectField label={t('Role')} value={role} onValue={value => setRole(value as Role)} options={roles()} error={form.error?.fieldError('role')} />
            <PasswordField label={user ? t('New password') : t('First password')} hint={user ? t('Leave empty to keep it.') : t('Tell it to the person; they can change it.')} value={password} onValue={setPassword} autocomplete="new-password" error={form.error?.fieldError('password')} />
        </FormDialog>
    );
}
