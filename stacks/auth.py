"""The user pool, its sign-in pages, and the confirmation of sign-ups.

The app client of the browser is in the Frontend stack, which has the address of its callback.
"""

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from stacks.chat_function import ChatFunction
from stacks.firewall import Firewall
from stacks.stack import StageStack, acknowledge, removal_policy
from stacks.stage import Stage


class AuthStack(StageStack):
    """The user pool, managed login, by setting a web ACL, and in demo mode the function that confirms sign-ups."""

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Auth", stage=stage, description="user pool and sign-in pages")
        self.user_pool = self._user_pool()
        if stage.auth_mode == "demo":
            self._confirm_every_sign_up()
        domain = self.user_pool.add_domain(
            "SignIn",
            # The prefix must be globally unique.
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=f"parley-{stage.name}-{self.unique_suffix}"),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        self.sign_in_url = domain.base_url()
        self.firewall = self._firewall()
        self.output("UserPoolId", self.user_pool.user_pool_id)
        self.output("SignInUrl", self.sign_in_url)

    def _user_pool(self) -> cognito.UserPool:
        stage = self.stage
        pool = cognito.UserPool(
            self,
            "Users",
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            self_sign_up_enabled=True,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True),
                # The display name; the sign-up page asks for it.
                fullname=cognito.StandardAttribute(required=True, mutable=True),
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=cdk.Duration.days(3),
            ),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            email=self._email(),
            mfa=cognito.Mfa.REQUIRED if stage.auth_mode == "mfa" else cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            feature_plan=cognito.FeaturePlan.PLUS if stage.threat_protection else cognito.FeaturePlan.ESSENTIALS,
            standard_threat_protection_mode=(
                cognito.StandardThreatProtectionMode.FULL_FUNCTION if stage.threat_protection else None
            ),
            deletion_protection=stage.deletion_protection,
            removal_policy=removal_policy(stage),
        )
        if stage.auth_mode != "mfa":
            acknowledge(
                pool,
                {"AwsSolutions-COG2": f"With authMode {stage.auth_mode}, users may add an authenticator app."},
            )
        if not stage.threat_protection:
            acknowledge(
                pool,
                {
                    "AwsSolutions-COG3": "Threat protection is priced per user; prod has it on.",
                    "AwsSolutions-COG8": "The Plus plan, which it needs, is priced per user; prod has it.",
                },
            )
        return pool

    def _firewall(self) -> Firewall | None:
        """The web ACL of the user pool and of the REST API, if the stage has one."""
        limit = self.stage.firewall_requests_per_address
        if limit is None:
            return None
        firewall = Firewall(self, "Firewall", stage_name=self.stage.name, requests_per_address=limit)
        firewall.protect(self, "FirewallOfUsers", self.user_pool.user_pool_arn)
        return firewall

    def _email(self) -> cognito.UserPoolEmail | None:
        """Who sends the codes for sign-ups and lost passwords: SES if the stage names it, None for Cognito."""
        stage = self.stage
        if stage.ses_from is None:
            return None
        return cognito.UserPoolEmail.with_ses(
            from_email=stage.ses_from,
            from_name="Parley",
            reply_to=stage.ses_reply_to,
            ses_region=stage.ses_region,
            ses_verified_domain=stage.ses_verified_domain,
            configuration_set_name=stage.ses_configuration_set,
        )

    def _confirm_every_sign_up(self) -> None:
        confirm = ChatFunction(self, "ConfirmSignUp", handler="confirm_sign_up", memory_mib=256)
        self.user_pool.add_trigger(cognito.UserPoolOperation.PRE_SIGN_UP, confirm.live)
